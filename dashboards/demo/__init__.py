"""The demo portfolio: three years of a made-up company, told through the services that the product uses."""
