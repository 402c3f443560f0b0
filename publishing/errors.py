"""What publishing refuses to do, or could not."""


class PublishingError(Exception):
    """A refusal or a failure, said in one paragraph for the person at the terminal."""
