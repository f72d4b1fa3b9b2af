"""WebSub, the hub's side: callbacks are asked, documents are delivered (sections 5 to 8)."""
