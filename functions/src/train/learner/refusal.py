"""Why training ends without a model: told in four parts, as every error of Bifold is."""


class Refusal(Exception):
    """Data that no model can be learned from. The old model stays."""

    def __init__(self, code, failed, received, allowed, remedy):
        super().__init__(f"{failed}: {received}")
        self.parts = {
            "code": code,
            "failed": failed,
            "received": received,
            "allowed": allowed,
            "remedy": remedy,
        }
