#pragma once

#include "nodes/cli/session.hpp"

/// One function per subcommand.
namespace fabric::cli {

exit_code submit(session& s);       // submit.cpp
exit_code submit_file(session& s);  // submit_file.cpp
exit_code run(session& s);          // run.cpp
exit_code wait(session& s);         // wait.cpp
exit_code cancel(session& s);       // change.cpp
exit_code kick(session& s);         // change.cpp
exit_code reset(session& s);        // change.cpp
exit_code show(session& s);         // show.cpp
exit_code result(session& s);       // show.cpp
exit_code list(session& s);         // list.cpp
exit_code logs(session& s);         // logs.cpp
exit_code lanes(session& s);        // overview.cpp
exit_code nodes(session& s);        // overview.cpp
exit_code events(session& s);       // events.cpp
exit_code pause(session& s);        // orders.cpp
exit_code resume(session& s);       // orders.cpp
exit_code explain(session& s);      // explain.cpp
exit_code reload(session& s);       // node_orders.cpp
exit_code policy(session& s);       // node_orders.cpp
exit_code policy_set(session& s);   // node_orders.cpp
exit_code drain(session& s);        // node_orders.cpp
exit_code undrain(session& s);      // node_orders.cpp
exit_code detach(session& s);       // node_orders.cpp
exit_code config_check(session& s); // config_check.cpp
exit_code config_show(session& s);  // config_show.cpp
exit_code store_backup(session& s); // store.cpp
exit_code store_check(session& s);  // store.cpp
exit_code store_info(session& s);   // store.cpp
exit_code ca_issue(session& s);     // ca.cpp
exit_code ca_show(session& s);      // ca.cpp
exit_code ca_revoke(session& s);    // ca.cpp
exit_code doctor(session& s);       // doctor.cpp
exit_code top(session& s);          // top.cpp
exit_code completion(session& s);   // completion.cpp

/// cancel and kick of all jobs that options choose.
exit_code bulk_change(session& s); // bulk.cpp

} // namespace fabric::cli
