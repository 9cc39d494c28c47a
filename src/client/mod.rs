//! Being a client: connecting, connecting again, and showing what happens.

pub(crate) mod connect;
pub(crate) mod connector;
pub(crate) mod http_choice;
pub(crate) mod nearness;
pub(crate) mod opening;
pub(crate) mod options;
pub(crate) mod output;
pub(crate) mod output_buffer;
pub(crate) mod output_file;
pub(crate) mod report;
pub(crate) mod trace;
