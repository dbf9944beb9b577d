"""The forecast service: published forecasts by pointer, the model that made them beside the code."""
