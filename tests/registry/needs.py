"""What tests on a real registry need, and which of it this machine has not."""

import shutil

MISSING = [name for name in ("docker-registry", "openssl") if shutil.which(name) is None]
