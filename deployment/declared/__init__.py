"""What the platform and the release declare for a stack file: run with the SDK's mock engine, without backend or login."""
