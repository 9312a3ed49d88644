//! Tests of the model: the planted defects, the sound protocol, and what ties the model to the code in
//! `final/`.

mod code;
mod defects;
mod domains;
mod livelock;
mod sound;
