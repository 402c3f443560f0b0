"""What publishing refuses to do, or could not."""

from packager import PackagerError


class PublishingError(PackagerError):
    """A refusal or a failure, said in one paragraph for the person at the terminal."""
