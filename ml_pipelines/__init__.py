"""Training as an Azure ML pipeline: components and steps, forecasting models, the gate, publishing."""
