//! The demo's last act: auditors verify their own logs, and bundles of each other's.

use std::path::Path;

use serde_json::{Value, json};

use super::call::{Call, Fault, ensure};
use super::office::Office;
use super::stage::{Stage, read};
use super::story::{Story, Told};
use crate::api::{ExchangeSummary, Page, WitnessView};
use crate::base::Digest;

/// Verifies every log, each from inside and from another office, and a forged one.
///
/// # Errors
/// The first fault.
pub async fn play(stage: &Stage, story: &mut Story, root: Digest) -> Result<(), Fault> {
    for office in stage.founders() {
        let name = format!("exchanges-witnessed-{}", office.member);
        story.tell(&name, witnessed(stage, office)).await?;
    }
    for office in stage.offices() {
        let name = format!("log-verified-{}", office.member);
        story.tell(&name, own(stage, office)).await?;
    }
    let [mk, tr, at, ir] = stage.offices();
    for (theirs, auditor) in [(mk, tr), (tr, at), (at, mk), (ir, mk)] {
        let name = format!("bundle-verified-{}", theirs.member);
        story
            .tell(&name, bundle(stage, theirs, auditor, root))
            .await?;
    }
    story
        .tell("forged-bundle-refused", forged(stage, root))
        .await
}

/// All that the founders said to each other is witnessed, at each of them.
async fn witnessed(stage: &Stage, office: &Office) -> Result<(Told, ()), Fault> {
    let founders = stage.founders().map(|founder| founder.member);
    let what = format!("{}'s exchanges are witnessed", office.member);
    let exchanges = stage
        .until(&what, async || {
            let list = Call::of("rfi list").dir(&office.dir);
            let page: Page<ExchangeSummary> = read(stage.run(list).await?)?;
            let mut all = page.items;
            all.retain(|exchange| founders.contains(&exchange.peer));
            let done = all.iter().all(|exchange| exchange.witnessed);
            Ok((done && !all.is_empty()).then_some(all))
        })
        .await?;
    let call = Call::of("audit witness").dir(&office.dir);
    let view: WitnessView = read(stage.run(call).await?)?;
    ensure(view.alarms.is_empty(), || {
        format!("{} has an alarm about a log", office.member)
    })?;
    let own = view.own.witnessed.as_ref();
    let by: Vec<String> =
        own.map_or_else(Vec::new, |w| w.by.iter().map(ToString::to_string).collect());
    let says = format!(
        "{}'s auditor sees what was received and, apart, what is witnessed: {} exchange(s), each \
         under a log that enough of the others cosigned.",
        office.member,
        exchanges.len()
    );
    let told = Told::by(office.member, says)
        .detail(format!(
            "{} is witnessed to entry {} by {}",
            view.own.origin,
            own.map_or(0, |witnessed| witnessed.size),
            by.join(" and ")
        ))
        .fact("witness", serde_json::to_value(&view).unwrap_or_default());
    Ok((told, ()))
}

async fn own(stage: &Stage, office: &Office) -> Result<(Told, ()), Fault> {
    let report = stage.run(Call::of("audit verify").dir(&office.dir)).await?;
    let says = format!(
        "{}'s auditor verifies the whole log while the node serves: {} entries, nothing altered.",
        office.member, report["entries"]
    );
    let told = Told::by(office.member, says)
        .detail(format!(
            "{} root {}",
            text(&report, "origin"),
            short(&report, "log_root")
        ))
        .fact("report", report);
    Ok((told, ()))
}

async fn bundle(
    stage: &Stage,
    theirs: &Office,
    auditor: &Office,
    root: Digest,
) -> Result<(Told, ()), Fault> {
    let file = stage.folder.file(&format!("{}.bundle.tar", theirs.member));
    let export = Call::of("audit export")
        .dir(&theirs.dir)
        .option("--out", &file);
    stage.run(export).await?;
    let verify = Call::of("audit verify")
        .option("--bundle", &file)
        .option("--root", root.to_string());
    let report = stage.run(verify).await?;
    let checked = report["origin_checked"] == json!(true);
    ensure(checked, || "the bundle's origin was not checked".to_owned())?;
    let founder = stage.founders().iter().any(|f| f.member == theirs.member);
    let witnessed = report["witnessed"]["enough"] == json!(true);
    ensure(witnessed || !founder, || {
        "the bundle does not carry enough cosignatures".to_owned()
    })?;
    let says = format!(
        "{}'s auditor checks {}'s log from an exported file alone, against the root.",
        auditor.member, theirs.member
    );
    let told = Told::by(auditor.member, says)
        .detail(format!(
            "{} entries of {}, {} signed checkpoints",
            report["entries"],
            text(&report, "origin"),
            report["checkpoints"]
        ))
        .fact("of", theirs.member.as_str())
        .fact("report", report);
    Ok((told, ()))
}

/// One bit of an entry is changed in a copy of TR's bundle.
async fn forged(stage: &Stage, root: Digest) -> Result<(Told, ()), Fault> {
    let file = stage.folder.file("forged.bundle.tar");
    forge(&stage.folder.file("TR.bundle.tar"), &file)?;
    let verify = Call::of("audit verify")
        .option("--bundle", &file)
        .option("--root", root.to_string());
    let Err(fault) = stage.run(verify).await else {
        return Err(Fault::Unexpected(
            "a forged bundle was taken for a true one".to_owned(),
        ));
    };
    ensure(fault.exit() == Some(3), || fault.text())?;
    let told = Told::by(
        stage.at.member,
        "AT's auditor gets the same file with one bit changed, and refuses it.",
    )
    .detail(format!("exit 3: {}", fault.told()))
    .fact("refusal", fault.json());
    Ok((told, ()))
}

/// Copies a bundle and flips a bit in the middle of its first tile of entries.
fn forge(from: &Path, to: &Path) -> Result<(), Fault> {
    let failed = |error: std::io::Error| Fault::Unexpected(format!("{}: {error}", to.display()));
    let mut bytes = std::fs::read(from).map_err(failed)?;
    let place = tar_member(&bytes, "tile/entries/")
        .ok_or_else(|| Fault::Unexpected("the bundle holds no entries".to_owned()))?;
    let middle = (place.start + place.end) / 2;
    bytes[middle] ^= 1;
    std::fs::write(to, bytes).map_err(failed)
}

/// Where the content of the first file under `prefix` lies in a tar archive (POSIX ustar).
fn tar_member(archive: &[u8], prefix: &str) -> Option<std::ops::Range<usize>> {
    let mut at = 0;
    while let Some(header) = archive.get(at..at + 512) {
        let size = std::str::from_utf8(&header[124..135])
            .ok()?
            .trim_matches(['\0', ' ']);
        let size = usize::from_str_radix(size, 8).ok()?;
        let content = at + 512..at + 512 + size;
        if header.starts_with(prefix.as_bytes()) && size > 0 && content.end <= archive.len() {
            return Some(content);
        }
        at = content.start + size.next_multiple_of(512);
    }
    None
}

fn text<'a>(report: &'a Value, member: &str) -> &'a str {
    report[member].as_str().unwrap_or("?")
}

fn short<'a>(report: &'a Value, member: &str) -> &'a str {
    let text = text(report, member);
    text.get(..16).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_found_in_a_tar_archive() {
        let mut archive = tar::Builder::new(Vec::new());
        for (name, content) in [
            ("checkpoint", &b"x\n"[..]),
            ("tile/entries/000.p/2", b"abc"),
        ] {
            let mut header = tar::Header::new_ustar();
            header.set_size(content.len() as u64);
            header.set_mode(0o644);
            archive.append_data(&mut header, name, content).unwrap();
        }
        let bytes = archive.into_inner().unwrap();
        let place = tar_member(&bytes, "tile/entries/").unwrap();
        assert_eq!(&bytes[place], b"abc");
        assert!(tar_member(&bytes, "tile/0/").is_none());
    }
}
