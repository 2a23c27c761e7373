//! The one entry point of every helper.
