"""How often members will buy again, and what it will be worth: purchase-count models and a spend model."""
