"""The published passphrase of the development stack, which encrypts nothing worth hiding.

`Pulumi.dev.yaml` is committed with the salt that goes with it, so that `make up` asks for nothing and leaves
`git status` clean. Development's secrets are generated files outside configuration and state; the settings
refuse a secret configuration value in a stack that uses this passphrase.
"""

PASSPHRASE = "published-because-this-stack-keeps-no-secret"  # noqa: S105 - published on purpose, see above
SALT = "v1:txvvbv2lXEI=:v1:wqgpQKw2WGDxREap:LkxSUwF1cZGITN6zAbfXEkb7oqauBg=="
"""The salt in `Pulumi.dev.yaml`: a stack file that has it is opened by this passphrase and no other."""
