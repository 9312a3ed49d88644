//! What a workload is given: the way to the AWS of its run, from outside and through the program.

use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_types::SdkConfig;
use futures::future::LocalBoxFuture;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::ambient::Ambient;
use crate::error::BoxError;
use crate::program::Program;
use crate::surroundings::Surroundings;

/// Nothing but reads and polls for so long: whatever is not finished will not be. Longer than the pauses of
/// most programs together.
const HOPELESS: Duration = Duration::from_secs(200);

/// The longest that a program may take to come to rest, on the virtual clock.
const DEADLINE: Duration = Duration::from_secs(30 * 60);

/// When to look again, in seconds of quiet.
const LOOKS: [u64; 7] = [1, 3, 10, 35, 70, 150, 200];

/// Whether an end state does damage, for [`Lab::settle`].
pub(crate) type Judge =
    Rc<dyn Fn(SdkConfig) -> LocalBoxFuture<'static, Result<bool, BoxError>> + Send + Sync>;

/// What the laboratory could not do for a workload. Trying again does not help: the embedded AWS answers
/// nothing at random.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct LabError(#[from] BoxError);

/// One run, as its workload sees it. Cheap to clone.
#[derive(Clone)]
pub struct Lab(Rc<Inner>);

struct Inner {
    around: Surroundings,
    program: Program,
    is_sound: Judge,
    running: Mutex<Option<JoinSet<()>>>,
    queues: Mutex<Vec<String>>,
    ears: Mutex<Vec<String>>,
}

impl Lab {
    pub(crate) fn new(around: Surroundings, program: Program, is_sound: Judge) -> Self {
        Self(Rc::new(Inner {
            around,
            program,
            is_sound,
            running: Mutex::default(),
            queues: Mutex::default(),
            ears: Mutex::default(),
        }))
    }

    /// Settings for SDK clients that stand outside of the program: they make what a deployment has, send what
    /// others would send, and look. Their calls are never broken and have no number.
    pub fn aws(&self) -> SdkConfig {
        self.0.around.outside()
    }

    /// Starts the program; done for you when the workload has ended. The queues that are there now are those
    /// that [`PoisonPayload`](crate::Fault::PoisonPayload) uses. Does nothing the second time.
    ///
    /// # Errors
    ///
    /// If the table of a function has no stream.
    pub async fn start(&self) -> Result<(), LabError> {
        if self.0.running.lock().unwrap_or_else(PoisonError::into_inner).is_some() {
            return Ok(());
        }
        let working = self.working_queues().await?;
        self.0.around.prepare(&working).await?;
        *self.0.queues.lock().unwrap_or_else(PoisonError::into_inner) = working;
        let running = self.0.around.start(&self.0.program.workers, &self.0.program.functions).await?;
        *self.0.running.lock().unwrap_or_else(PoisonError::into_inner) = Some(running);
        Ok(())
    }

    /// Makes a queue for the judge, which gets what is published to any topic that there is now. Nobody waits
    /// for it to be emptied, and nothing that cannot be read is put into it. A look with a visibility timeout
    /// of 0 leaves the messages where they are.
    ///
    /// # Errors
    ///
    /// What the embedded AWS says.
    pub async fn listen(&self, queue: &str) -> Result<(), LabError> {
        self.0.ears.lock().unwrap_or_else(PoisonError::into_inner).push(queue.to_owned());
        Ok(self.0.around.raw.listen(queue).await?)
    }

    /// Does something in the name of a component that is asked and not started again, such as the handler of
    /// an HTTP request: every AWS call is numbered and can be broken. None: the component has crashed, nobody
    /// knows how far it came.
    pub async fn ask<T, F: Future<Output = T>>(
        &self,
        component: &str,
        request: impl FnOnce(SdkConfig) -> F,
    ) -> Option<T> {
        self.ask_with(component, |ambient| request(ambient.aws().clone())).await
    }

    /// The same with time, ids and chance as well, so that the run can be repeated.
    pub async fn ask_with<T, F: Future<Output = T>>(
        &self,
        component: &str,
        request: impl FnOnce(Ambient) -> F,
    ) -> Option<T> {
        let component: Arc<str> = component.into();
        let crash = self.0.around.session.crash_signal(&component);
        let ambient = self.0.around.of(&component);
        tokio::select! {
            biased;
            () = crash.notified() => None,
            answer = request(ambient) => Some(answer),
        }
    }

    /// The virtual time since the run began.
    pub fn now(&self) -> Duration {
        self.0.around.session.now()
    }

    /// Waits until the program has come to rest: no call but reads and polls, nothing in a queue that is no
    /// dead-letter queue, and nothing for the judge to complain of; or until that has no prospect any more,
    /// after 200 seconds without a change. Starts the program.
    ///
    /// # Errors
    ///
    /// What the judge or the embedded AWS says.
    pub async fn settle(&self) -> Result<(), LabError> {
        self.start().await?;
        let session = &self.0.around.session;
        let begun = session.now();
        let mut looks = LOOKS.iter().copied().map(Duration::from_secs).peekable();
        loop {
            tokio::time::sleep(Duration::from_millis(250)).await;
            let quiet = session.quiet_for();
            if quiet >= HOPELESS || session.now() - begun > DEADLINE {
                return Ok(());
            }
            if quiet < Duration::from_secs(LOOKS[0]) {
                looks = LOOKS.iter().copied().map(Duration::from_secs).peekable();
            }
            if looks.next_if(|look| quiet >= *look).is_none() {
                continue;
            }
            if self.queues_are_empty().await? && (self.0.is_sound)(self.aws()).await? {
                return Ok(());
            }
        }
    }

    pub(crate) fn around(&self) -> &Surroundings {
        &self.0.around
    }

    /// The queues in which a message that nobody can read may lie.
    pub(crate) fn queues(&self) -> usize {
        self.0.queues.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Ends the program.
    pub(crate) fn stop(&self) {
        drop(self.0.running.lock().unwrap_or_else(PoisonError::into_inner).take());
    }

    /// All queues but those to which others move what they cannot deliver.
    async fn working_queues(&self) -> Result<Vec<String>, BoxError> {
        let (mut names, mut dead_letters) = (self.0.around.raw.queues().await?, Vec::new());
        for name in &names {
            let attributes = self.attributes(name, &["RedrivePolicy"]).await?;
            let policy: Value = attributes["RedrivePolicy"]
                .as_str()
                .and_then(|policy| serde_json::from_str(policy).ok())
                .unwrap_or_default();
            let target = policy["deadLetterTargetArn"].as_str().and_then(|arn| arn.rsplit(':').next());
            dead_letters.extend(target.map(str::to_owned));
        }
        dead_letters.extend(self.0.ears.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned());
        names.retain(|name| !dead_letters.contains(name));
        Ok(names)
    }

    async fn queues_are_empty(&self) -> Result<bool, BoxError> {
        let counts = [
            "ApproximateNumberOfMessages",
            "ApproximateNumberOfMessagesNotVisible",
            "ApproximateNumberOfMessagesDelayed",
        ];
        for queue in self.working_queues().await? {
            let attributes = self.attributes(&queue, &counts).await?;
            if counts.iter().any(|count| attributes[count].as_str().is_some_and(|count| count != "0")) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    async fn attributes(&self, queue: &str, names: &[&str]) -> Result<Value, BoxError> {
        let request = json!({ "AttributeNames": names });
        Ok(self.0.around.raw.sqs("GetQueueAttributes", queue, request).await?["Attributes"].take())
    }
}
