"""What several flows share: loading, recording, and the steps of a change."""
