"""What a model is once trained: pure arrays that rank products for members."""
