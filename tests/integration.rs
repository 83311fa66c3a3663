//! Integration tests.
mod corpus;
mod docs;
