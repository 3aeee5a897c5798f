"""What no stack may do: rules, and the pack that applies them to any Pulumi program that uses Docker."""
