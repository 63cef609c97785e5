#pragma once

/// Declarations of everything that travels between actors; see messages.hpp.
namespace fabric::actors {

struct submit_jobs;
struct receipt;
struct receipts;
struct cancel_jobs;
struct kick_jobs;
struct reset_jobs;
struct get_jobs;
struct list_jobs;
struct job_page;
struct wait_jobs;
struct get_details;
struct job_details;
struct get_events;
struct event_page;
struct read_log;
struct log_piece;
struct get_lanes;
struct lane_report;
struct lane_reports;
struct get_nodes;
struct worker_report;
struct node_report;
struct node_reports;
struct get_hello;
struct cell_hello;
struct store_ask;
struct store_operations;
struct store_commit;
struct flush_commit;
struct load_lane_page;
struct lane_loaded;
struct committed_events;
struct pruned_jobs;
struct worker_news;
struct lane_orders;
struct lease_news;
struct lease_verdict;
struct renew_leases;
struct leases_renewed;
struct prepare_outage;
struct slot_offer;
struct carry_question;
struct carry_answer;
struct lane_progress;
struct view_update;
struct runner_orders;
struct runner_news;
struct join_runner;
struct link_frames;
struct drain_worker;
struct close_admission;
struct directory_entry;
struct find_actor;
struct stop_children;
struct get_children;
struct child_report;
struct child_reports;
struct drain_children;
struct handler_news;
struct release_handlers;

} // namespace fabric::actors
