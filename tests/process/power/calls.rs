//! What a process asked of its disk, in order, as strace tells it.

use std::collections::HashMap;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The calls that change files, or where the next change of one goes. Those that the model does not
/// know are traced too, so that it is found out.
const TRACED: &str = "trace=openat,creat,lseek,write,pwrite64,writev,pwritev,pwritev2,truncate,ftruncate,\
     fallocate,fsync,fdatasync,mkdir,mkdirat,rmdir,unlink,unlinkat,rename,renameat,renameat2,link,\
     linkat,symlink,symlinkat,copy_file_range,sendfile,splice";

/// One call that did something.
#[derive(Debug)]
pub struct Call {
    /// The line of the trace on which it began, and on which it was over.
    pub began: usize,
    pub ended: usize,
    /// When it began, in microseconds since 1970.
    pub at: u64,
    pub what: What,
}

/// What a call does.
#[derive(Debug)]
pub enum What {
    Open {
        path: PathBuf,
        handle: u32,
        flags: Flags,
    },
    Seek {
        file: Handle,
        to: u64,
    },
    /// Without a place: where the handle stands.
    Write {
        file: Handle,
        at: Option<u64>,
        bytes: Vec<u8>,
    },
    Resize {
        file: Handle,
        len: u64,
    },
    /// Makes it at least so long.
    Extend {
        file: Handle,
        len: u64,
    },
    Sync {
        file: Handle,
    },
    /// A sync that failed.
    SyncFailed {
        file: Handle,
    },
    MakeFolder(PathBuf),
    Remove(PathBuf),
    Rename {
        from: PathBuf,
        to: PathBuf,
    },
}

/// An end of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Edge {
    Begin,
    End,
}

/// The beginnings and ends of calls, in order, with each one's place.
pub fn edges(calls: &[Call]) -> Vec<(Edge, usize)> {
    let mut edges: Vec<_> = (0..)
        .zip(calls)
        .flat_map(|(place, call)| {
            let begin = (call.began, Edge::Begin, place);
            [begin, (call.ended, Edge::End, place)]
        })
        .collect();
    edges.sort_unstable();
    edges
        .into_iter()
        .map(|(_, edge, place)| (edge, place))
        .collect()
}

/// How a file is opened.
#[derive(Debug, Clone, Copy)]
pub struct Flags {
    pub creates: bool,
    pub truncates: bool,
    pub appends: bool,
}

/// A handle, and the name of what it is of, or the last that it had.
#[derive(Debug)]
pub struct Handle {
    pub number: u32,
    pub path: PathBuf,
    pub is_named: bool,
}

/// strace, which is to run a program and to write what it calls to `trace`.
pub fn strace(trace: &Path) -> Command {
    let mut strace = Command::new("strace");
    strace.args(["-f", "-y", "-xx", "-s", "33554432", "-ttt", "--seccomp-bpf"]);
    strace.args(["-e", "signal=none", "-e", TRACED, "-o"]);
    strace.arg(trace);
    strace
}

/// The calls on what lies in `dir`, in the order in which they began.
pub fn read(trace: &Path, dir: &Path) -> Vec<Call> {
    let trace = std::fs::read_to_string(trace).expect("strace says what was called");
    let inside = hex(dir.as_os_str().as_bytes());
    let mut unfinished: HashMap<&str, (usize, &str)> = HashMap::new();
    let mut calls = Vec::new();
    for (number, line) in trace.lines().enumerate() {
        let (thread, said) = line.split_once(' ').expect("a thread's number");
        let said = said.trim_start();
        let (began, call) = if let Some(begin) = said.strip_suffix(" <unfinished ...>") {
            if begin.contains(&inside) {
                unfinished.insert(thread, (number, begin));
            }
            continue;
        } else if let Some((_, end)) = said.split_once(" resumed>") {
            let Some((began, begin)) = unfinished.remove(thread) else {
                continue;
            };
            (began, format!("{begin}{end}"))
        } else if said.contains(&inside) {
            (number, said.to_owned())
        } else {
            continue;
        };
        let (at, call) = call.split_once(' ').expect("a time");
        if let Some(what) = understand(call, dir) {
            calls.push(Call {
                began,
                ended: number,
                at: at.replace('.', "").parse().expect("microseconds"),
                what,
            });
        }
    }
    calls.sort_by_key(|call| call.began);
    calls
}

/// What a line says; none where the call failed and is no sync, or changes nothing here.
fn understand(call: &str, dir: &Path) -> Option<What> {
    let (call, outcome) = call.rsplit_once(" = ")?;
    let (name, arguments) = call.trim_end().split_once('(')?;
    let failed = outcome.starts_with('-') || outcome.starts_with('?');
    if failed && !matches!(name, "fsync" | "fdatasync") {
        return None;
    }
    let arguments = arguments.strip_suffix(')').expect("its last argument");
    let arguments: Vec<&str> = arguments.split(", ").collect();
    let number = |text: &str| text.parse::<u64>().expect("a number");
    let is_inside = |path: &Path| path.starts_with(dir);
    let what = match name {
        "openat" => {
            let set = |flag| arguments[2].split('|').any(|set| set == flag);
            What::Open {
                path: path_in(arguments[0], arguments[1]),
                handle: handle(outcome).number,
                flags: Flags {
                    creates: set("O_CREAT"),
                    truncates: set("O_TRUNC"),
                    appends: set("O_APPEND"),
                },
            }
        }
        "lseek" => What::Seek {
            file: handle(arguments[0]),
            to: number(outcome),
        },
        "write" | "pwrite64" => {
            let mut bytes = unhex(arguments[1]);
            bytes.truncate(usize::try_from(number(outcome)).expect("of memory"));
            What::Write {
                file: handle(arguments[0]),
                at: arguments.get(3).map(|at| number(at)),
                bytes,
            }
        }
        "ftruncate" => What::Resize {
            file: handle(arguments[0]),
            len: number(arguments[1]),
        },
        "fallocate" if arguments[1] == "0" => What::Extend {
            file: handle(arguments[0]),
            len: number(arguments[2]) + number(arguments[3]),
        },
        "fallocate" if arguments[1] == "FALLOC_FL_KEEP_SIZE" => return None,
        "fsync" | "fdatasync" if failed => What::SyncFailed {
            file: handle(arguments[0]),
        },
        "fsync" | "fdatasync" => What::Sync {
            file: handle(arguments[0]),
        },
        "mkdir" => What::MakeFolder(path(arguments[0])),
        "rmdir" | "unlink" => What::Remove(path(arguments[0])),
        "unlinkat" => What::Remove(path_in(arguments[0], arguments[1])),
        "rename" => What::Rename {
            from: path(arguments[0]),
            to: path(arguments[1]),
        },
        "renameat" | "renameat2" => What::Rename {
            from: path_in(arguments[0], arguments[1]),
            to: path_in(arguments[2], arguments[3]),
        },
        other => panic!("the model of a disk does not know `{other}`: {call:.200}"),
    };
    let concerns = match &what {
        What::Open { path, .. } | What::MakeFolder(path) | What::Remove(path) => is_inside(path),
        What::Rename { from, to } => is_inside(from) || is_inside(to),
        What::Seek { file, .. }
        | What::Write { file, .. }
        | What::Resize { file, .. }
        | What::Extend { file, .. }
        | What::Sync { file }
        | What::SyncFailed { file } => is_inside(&file.path),
    };
    concerns.then_some(what)
}

/// `3<\x2f…>`, with `(deleted)` behind it where it has no name any more.
fn handle(text: &str) -> Handle {
    let (number, rest) = text.split_once('<').expect("what it is of");
    let (name, state) = rest.rsplit_once('>').expect("what it is of");
    Handle {
        number: number.parse().expect("a number"),
        path: path(name),
        is_named: state != "(deleted)",
    }
}

fn path(text: &str) -> PathBuf {
    PathBuf::from(std::ffi::OsString::from_vec(unhex(text)))
}

/// A name, looked up in a folder unless it is absolute.
fn path_in(folder: &str, name: &str) -> PathBuf {
    let (_, folder) = folder.split_once('<').expect("a folder's path");
    path(folder.trim_end_matches('>')).join(path(name))
}

fn hex(bytes: &[u8]) -> String {
    let hex = bytes.iter().map(|byte| format!("\\x{byte:02x}"));
    hex.collect()
}

/// `"\x2f\x74"`, or the same without quotes.
fn unhex(text: &str) -> Vec<u8> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => byte - b'0',
        b'a'..=b'f' => byte - b'a' + 10,
        other => panic!("{other} is no hexadecimal digit"),
    };
    let bytes = text.trim_matches('"').as_bytes().chunks_exact(4);
    bytes
        .map(|byte| digit(byte[2]) << 4 | digit(byte[3]))
        .collect()
}
