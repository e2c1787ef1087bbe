//! Finds and replaces secrets and personal data in text and JSON, in linear time.
