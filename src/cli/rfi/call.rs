//! `rfi call`: a telephone call about an exchange is noted.

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};

use super::said::Place;
use crate::api::ExchangeSummary;
use crate::base::Role;
use crate::cli::failure::Failure;
use crate::domain::duty::{self, CallOutcome};

/// Who notes calls, the usual one first.
pub const CALLERS: [Role; 3] = [Role::Officer, Role::Contact, Role::Releaser];

/// What is noted of a call.
#[derive(Debug, Args)]
pub struct CallArgs {
    /// Who was called: the post or the number
    #[arg(long, value_name = "POST")]
    to: String,
    /// What came of it
    #[arg(long, value_parser = outcomes())]
    outcome: CallOutcome,
    /// What was said, for colleagues
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
}

impl From<CallArgs> for duty::Call {
    fn from(args: CallArgs) -> Self {
        Self {
            to: args.to,
            outcome: args.outcome,
            note: args.note,
        }
    }
}

/// `rfi call`.
#[derive(Debug, Args)]
pub struct Call {
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    call: CallArgs,
}

fn outcomes() -> impl TypedValueParser<Value = CallOutcome> {
    let texts = CallOutcome::ALL.iter().map(|outcome| outcome.as_str());
    PossibleValuesParser::new(texts).try_map(|text| text.parse::<CallOutcome>())
}

impl Call {
    pub(super) async fn run(self) -> Result<ExchangeSummary, Failure> {
        let call = duty::Call::from(self.call);
        self.place.say(&CALLERS, "calls", &call).await
    }
}
