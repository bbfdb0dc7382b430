//! `rfi call`: a telephone call about an exchange is noted.

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};

use super::said::Place;
use crate::api::ExchangeSummary;
use crate::base::Role;
use crate::cli::failure::Failure;
use crate::domain::duty::{self, CallOutcome};

/// `rfi call`.
#[derive(Debug, Args)]
pub struct Call {
    #[command(flatten)]
    place: Place,
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

fn outcomes() -> impl TypedValueParser<Value = CallOutcome> {
    let texts = CallOutcome::ALL.iter().map(|outcome| outcome.as_str());
    PossibleValuesParser::new(texts).try_map(|text| text.parse::<CallOutcome>())
}

impl Call {
    pub(super) async fn run(self) -> Result<ExchangeSummary, Failure> {
        let call = duty::Call {
            to: self.to,
            outcome: self.outcome,
            note: self.note,
        };
        let callers = [Role::Officer, Role::Contact, Role::Releaser];
        self.place.say(&callers, "calls", &call).await
    }
}
