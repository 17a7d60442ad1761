//! What a case is made into, rule by rule, and what holds whatever is done to it.

mod clocks;
mod desk;
mod end;
mod office;
mod owner;
mod properties;
mod steps;
mod timeline;
