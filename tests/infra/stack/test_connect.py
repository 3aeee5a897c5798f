"""`make connect`: the stack's address and token file are given to `exai-mcp connect`, the token is not."""

from scripts.stack.connect import where


def test_development_names_the_file_of_its_token() -> None:
    outputs = {"url": "http://127.0.0.1:8079/mcp", "tokenFile": ".exai/secrets/dev/auth_token"}

    assert where(outputs) == [
        "--url",
        "http://127.0.0.1:8079/mcp",
        "--token-file",
        ".exai/secrets/dev/auth_token",
    ]


def test_a_stack_that_keeps_no_file_of_its_token_leaves_it_to_the_environment() -> None:
    assert where({"url": "https://mcp.example.com/mcp"}) == ["--url", "https://mcp.example.com/mcp"]
