"""The page people work in: look at pictures, correct labels, train again, take the answers away."""
