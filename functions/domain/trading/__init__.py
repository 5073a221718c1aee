"""What is redeemed, reserved and filled."""
