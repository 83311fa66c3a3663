//! One job fails, the others do not care.
