"""`recsys policy diff`: what a policy would change for real members, before it is published."""
