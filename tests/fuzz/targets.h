// The fuzz targets: one for each parser of outside bytes. Each takes whatever bytes and aborts where the program would
// have been wrong; what it keeps lies in the arena.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/json.h"
#include "base/vector.h"

typedef void fuzz_target(struct arena *arena, const uint8_t *data, size_t size);

// ---- documents.c: what AWS and Terraform say
fuzz_target fuzz_documents;         // one document; what is written of it is JSON
fuzz_target fuzz_account;           // a document of an account, judged by every control
fuzz_target fuzz_policy;            // an IAM policy, and the same as a role's trust policy
fuzz_target fuzz_credential_report; // IAM's CSV
// ---- sample.c: changes to a good estate
// The sample's documents, cut as the bytes say, four a cut: file, value (two), way (drop, null, retype, empty, double).
// Of one cut: nothing that passed before is refused, but where something is named as missing or unread.
fuzz_target fuzz_structure;
fuzz_target fuzz_terraform; // a plan, by the sample and by its own prior_state
fuzz_target fuzz_changeset; // CloudFormation's
fuzz_target fuzz_blocks;    // a file of a Terraform configuration
fuzz_target fuzz_segments;  // documents of a network, and who reaches whom inside
fuzz_target fuzz_snapshot;  // snapshot.json beside good documents, for whoever reads it
// ---- formats.c: our own
fuzz_target fuzz_plan;         // and lists of targets
fuzz_target fuzz_observations; // and state files of probe
fuzz_target fuzz_verdicts;
fuzz_target fuzz_intent;
fuzz_target fuzz_defaults;
fuzz_target fuzz_remembered;
fuzz_target fuzz_pack;
fuzz_target fuzz_controls;
fuzz_target fuzz_cidr;       // CIDRs, addresses and lists of ports
fuzz_target fuzz_difference; // where two texts of one file differ
// ---- evidence.c
fuzz_target fuzz_manifest;
fuzz_target fuzz_tar;
fuzz_target fuzz_envelope;
fuzz_target fuzz_timestamp;
fuzz_target fuzz_key; // files of keys
fuzz_target fuzz_history;
// ---- network.c: what the network says
fuzz_target fuzz_packet;
fuzz_target fuzz_capture;
fuzz_target fuzz_service;
fuzz_target fuzz_certificate;
// ---- aws.c: what AWS's endpoints answer
fuzz_target fuzz_xml;
fuzz_target fuzz_answer;          // of an operation of either protocol, good and failed
fuzz_target fuzz_collect;         // of a whole reading
fuzz_target fuzz_metadata;        // of metadata services and container endpoints
fuzz_target fuzz_identity_center; // and the token that is kept for it
fuzz_target fuzz_credentials;     // of a credential_process
// ---- command_line.c: what stands on the command line and in files that it names
fuzz_target fuzz_aws_config;
fuzz_target fuzz_options;
fuzz_target fuzz_accounts;

// For parsers that take a file by name: in memory.
const char *as_file(const uint8_t *data, size_t size);

// Aborts where what was written is no JSON.
void must_be_json(const struct text *out);
// The same where what the internet reaches of an estate is.
struct estate;
void must_be_computed(const struct estate *estate);

// ---- Documents that lie in memory

struct memory_file {
    const char *name;
    const char *bytes;
    size_t length;
};

struct estate;
// The estate of some documents, in the arena, or NULL where none is of use.
struct estate *estate_of(struct arena *arena, const struct memory_file *items, size_t count);
