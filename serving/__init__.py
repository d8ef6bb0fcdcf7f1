"""The service: a bundle, a policy and a store become answers over HTTP."""
