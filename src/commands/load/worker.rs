//! A thread of the load: its own runtime, its own connections, its own figures.

use std::cell::RefCell;
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::{JoinSet, LocalSet};
use tokio::time::{interval_at, sleep_until};

use super::alarm::{AlarmClock, StopFlag};
use super::client::{LoadClient, WorkerState};
use super::plan::WorkerPlan;
use super::script_client;
use super::tallies::LoadTallies;
use crate::client::connect::connect;
use crate::error::Error;

/// How often each thread hands over what it has counted.
pub(super) const REPORTING: Duration = Duration::from_secs(1);

/// A thread to be started.
pub(super) struct LoadWorker {
    pub(super) number: u32,
    pub(super) plan: Arc<WorkerPlan>,
    /// Becomes true when the run is over.
    pub(super) stop: watch::Receiver<bool>,
    pub(super) reports: mpsc::Sender<LoadTallies>,
}

impl LoadWorker {
    /// # Errors
    /// The system has no thread or no descriptor left.
    pub(super) fn start(self) -> Result<(), Error> {
        let failed = |source: io::Error| Error::Local { what: "start a thread", source };
        // Here, so that a failure is told before anything connects.
        let runtime = crate::runtime::runtime()?;
        let clock = {
            let _entered = runtime.enter();
            AlarmClock::new().map_err(failed)?
        };
        let work = move || {
            let plan = Arc::clone(&self.plan);
            let (stop, tallies, sent) = (StopFlag::default(), RefCell::default(), RefCell::default());
            let state = WorkerState { plan, clock, stop, tallies, sent };
            LocalSet::new().block_on(&runtime, self.work(&Rc::new(state)));
        };
        std::thread::Builder::new().name("load".to_owned()).spawn(work).map(drop).map_err(failed)
    }

    /// Until all connections have ended.
    async fn work(self, state: &Rc<WorkerState>) {
        tokio::select! {
            () = self.open_all(state) => {}
            () = self.report(state) => {}
            () = self.pass_on_the_stop(state) => {}
            () = state.clock.run() => {}
        }
        self.hand_over(state).await;
    }

    /// Opens its share of the connections, each when it is due, and waits until they have ended.
    async fn open_all(&self, state: &Rc<WorkerState>) {
        let WorkerPlan { start, ref openings, workers, .. } = *state.plan;
        let mut clients = JoinSet::new();
        let step = usize::try_from(workers).expect("there are not that many threads");
        for client in (self.number..openings.connections()).step_by(step) {
            sleep_until((start + openings.due(client)).into()).await;
            if state.stop.at().is_some() {
                break;
            }
            clients.spawn_local(serve(Rc::clone(state), client));
            while clients.try_join_next().is_some() {}
        }
        while clients.join_next().await.is_some() {}
    }

    /// Never ends.
    async fn report(&self, state: &WorkerState) {
        let mut ticks = interval_at((state.plan.start + REPORTING).into(), REPORTING);
        loop {
            ticks.tick().await;
            self.hand_over(state).await;
        }
    }

    async fn hand_over(&self, state: &WorkerState) {
        let counted = state.tallies.take();
        // Nobody listens any longer when the run was ended at once.
        let _ = self.reports.send(counted).await;
    }

    /// Never ends.
    async fn pass_on_the_stop(&self, state: &WorkerState) {
        // Whoever has gone without a word has gone.
        let _ = self.stop.clone().wait_for(|is_over| *is_over).await;
        state.stop.set();
        std::future::pending().await
    }
}

/// One client, from its first packet to its last.
async fn serve(state: Rc<WorkerState>, client: u32) {
    state.stop.watch().await;
    let plan = &state.plan;
    let shared = &plan.connects[usize::try_from(client).unwrap_or(0) % plan.connects.len()];
    let variables = plan.texts.variables(client);
    let own = (!plan.texts.is_empty()).then(|| plan.texts.put_into(shared, &variables));
    let connected = {
        // In a box that goes: it is much larger than what the connection takes afterwards.
        let connecting = Box::pin(connect(own.as_ref().unwrap_or(shared), &|_| ()));
        tokio::select! {
            connected = connecting => Some(connected),
            () = state.stop.is_raised() => None,
        }
    };
    match connected {
        Some(Ok((socket, opened))) => {
            state.tallies.borrow_mut().opened(&opened.timing);
            drop(own);
            if let Some(script) = &plan.script {
                // In a box, or each connection would be as large as one that plays.
                return Box::pin(script_client::hold(&state, script, (socket, opened), client)).await;
            }
            drop(opened);
            LoadClient::new(&state, socket, client, variables).hold().await;
        }
        Some(Err(error)) => state.tallies.borrow_mut().not_opened(&error),
        None => state.tallies.borrow_mut().unfinished(),
    }
}
