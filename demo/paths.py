"""Where the two vendors are on the demo's port; everything behind is named as the vendors name it."""

KIMI_PATH = "/kimi/v1"
GLM_PATH = "/glm/api/paas/v4"
