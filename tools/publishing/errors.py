"""The errors of publishing."""

from cfn_sandbox.packaging import PackagerError


class PublishingError(PackagerError):
    """A refusal or a failure, explained to the user in one paragraph."""


class RefusedError(PublishingError):
    """A refusal before the upload. Its text is complete, so the staged project is not kept."""
