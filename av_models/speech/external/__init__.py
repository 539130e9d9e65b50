"""Speech engines that are programs of their own, in any environment: CONTRACT.md says what they must do."""
