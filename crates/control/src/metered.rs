//! An engine whose calls are counted and timed. It changes nothing else about them.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use domain::ContainerId;
use futures_util::stream::BoxStream;

use crate::metrics::Metrics;
use crate::ports::{
    CommandError, ContainerUsage, Engine, EngineContainer, EngineError, EngineEvent, EngineImage, EngineInfo,
    EngineNetwork, EngineObject, EngineSight, EngineVolume, OutputLine, OutputQuery, PullError, PullSink,
};

/// Passes each call on.
pub(crate) struct Metered {
    pub(crate) engine: Arc<dyn Engine>,
    pub(crate) metrics: Arc<Metrics>,
}

#[async_trait]
impl Engine for Metered {
    async fn ping(&self) -> Result<(), EngineError> {
        self.metrics.engine_calls.timed("ping", self.engine.ping()).await
    }

    async fn info(&self) -> Result<EngineInfo, EngineError> {
        self.metrics.engine_calls.timed("info", self.engine.info()).await
    }

    async fn look(&self) -> Result<EngineSight, EngineError> {
        self.metrics.engine_calls.timed("look", self.engine.look()).await
    }

    async fn inspect(&self, id: &ContainerId) -> Result<Option<EngineContainer>, EngineError> {
        self.metrics.engine_calls.timed("inspect", self.engine.inspect(id)).await
    }

    async fn look_at_networks_and_volumes(
        &self,
    ) -> Result<(Vec<EngineNetwork>, Vec<EngineVolume>), EngineError> {
        let look = self.engine.look_at_networks_and_volumes();
        self.metrics.engine_calls.timed("look_at_networks_and_volumes", look).await
    }

    async fn events(&self) -> Result<BoxStream<'static, EngineEvent>, EngineError> {
        self.metrics.engine_calls.timed("events", self.engine.events()).await
    }

    async fn pull(&self, image: &str, idle_limit: Duration, sink: &dyn PullSink) -> Result<(), PullError> {
        self.metrics.engine_calls.timed("pull", self.engine.pull(image, idle_limit, sink)).await
    }

    async fn image(&self, name: &str) -> Result<Option<EngineImage>, EngineError> {
        self.metrics.engine_calls.timed("image", self.engine.image(name)).await
    }

    async fn start(&self, id: &ContainerId) -> Result<(), CommandError> {
        self.metrics.engine_calls.timed("start", self.engine.start(id)).await
    }

    async fn stop(&self, id: &ContainerId) -> Result<(), CommandError> {
        self.metrics.engine_calls.timed("stop", self.engine.stop(id)).await
    }

    async fn remove(&self, object: &EngineObject) -> Result<(), EngineError> {
        self.metrics.engine_calls.timed("remove", self.engine.remove(object)).await
    }

    async fn last_lines(&self, id: &ContainerId, lines: usize) -> Result<Vec<String>, EngineError> {
        self.metrics.engine_calls.timed("last_lines", self.engine.last_lines(id, lines)).await
    }

    async fn output(
        &self,
        id: &ContainerId,
        query: &OutputQuery,
    ) -> Result<BoxStream<'static, Result<OutputLine, EngineError>>, EngineError> {
        self.metrics.engine_calls.timed("output", self.engine.output(id, query)).await
    }

    async fn usage(&self, id: &ContainerId) -> Result<Option<ContainerUsage>, EngineError> {
        self.metrics.engine_calls.timed("usage", self.engine.usage(id)).await
    }

    async fn volume_sizes(&self) -> Result<HashMap<String, u64>, EngineError> {
        self.metrics.engine_calls.timed("volume_sizes", self.engine.volume_sizes()).await
    }
}
