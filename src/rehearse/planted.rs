//! Where a test puts a bug between a run and its world: a law that finds none of them is no law.

use crate::fakes::World;
use crate::run::{self, Ports, Turn};

/// A bug; it lives as long as one run.
pub trait Planted: Send + Sync {
    /// The world is set up, and forecast.
    fn begin(&mut self, _world: &World) {}

    /// What decides what is done next.
    fn turn(&self) -> Turn {
        run::turn
    }

    /// Wraps the ports of an attempt, counted from 0.
    fn ports(&self, ports: Ports, _attempt: u32) -> Ports {
        ports
    }
}

/// No bug: what a run is but for them.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sound;

impl Planted for Sound {}
