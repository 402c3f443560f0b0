"""What publishing refuses to do, or could not."""

from packager import PackagerError


class PublishingError(PackagerError):
    """A refusal or a failure, said in one paragraph for the person at the terminal."""


class RefusedError(PublishingError):
    """A refusal before anything was uploaded: there is nothing to look at but its text."""
