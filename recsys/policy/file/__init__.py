"""What a policy file may say, part by part."""
