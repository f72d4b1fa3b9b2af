"""The built-in WebSub hub: verifies subscriptions and delivers documents (sections 5 to 8)."""
