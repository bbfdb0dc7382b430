//! The node as others meet it: what hostile peers send to the core, and what each kind of caller
//! gets from every route of the API of a real node.

mod access;
mod alerts;
mod alerts_escalate;
mod alerts_reach;
mod conditional;
mod console;
mod console_alerts;
mod console_files;
mod console_hostile;
mod console_live;
mod console_passing;
mod console_snooze;
mod duty;
mod erasure;
mod full;
mod groups;
mod hostile;
mod keys;
mod letters;
mod meanwhile;
mod news;
mod office;
mod openapi;
mod passing;
mod quota;
mod receipts;
mod removed;
mod repeat;
mod restored;
mod says;
mod search;
mod served;
mod statistics;
mod uploads;
mod witness;
