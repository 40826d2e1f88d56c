// The kinds of network interface that AWS has, and what each takes in from the internet: one table, which the reader of
// documents and rules/ ask alike. docs/semantics.md prints it, and a test holds the two together.
//
// The values: InterfaceType of botocore's EC2 model (NetworkInterfaceType), and those that only the text of
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_NetworkInterface.html and
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_InstanceNetworkInterface.html names.
#pragma once

#include <stdbool.h>

enum interface_admission {
    INTERFACE_ORDINARY,      // what groups, ACL and routes let in
    INTERFACE_TAKES_NOTHING, // no connection from the internet, whatever those say
    INTERFACE_IS_PRIVATE,    // the same; but what a public IPv4 address that somebody gave it lets in is not modelled
    INTERFACE_BRINGS_IN,     // by it a service reaches into the VPC for clients on the internet
    INTERFACE_UNMODELLED     // what reaches it, and whether groups apply to it, is not modelled
};

// Its part in traffic inside a VPC.
enum interface_part {
    INTERFACE_HOST,      // asks and answers
    INTERFACE_ASKS,      // asks only
    INTERFACE_ANSWERS,   // answers only
    INTERFACE_PASSES_ON, // what is others', and so is in no segment
};

struct interface_kind {
    const char *type; // InterfaceType
    enum interface_admission admission;
    enum interface_part part;
    const char *what; // for people: "a NAT gateway", "AWS Global Accelerator"; NULL where ordinary
};

// Of an EC2 Instance Connect Endpoint, whose clients IAM lets in.
extern const char instance_connect_type[];

// What is known of a type; NULL where this sgproof does not know it: then nothing is.
const struct interface_kind *interface_kind_of(const char *type);

// INTERFACE_HOST where the type is not known: then it is in a segment, and what it does is in doubt.
enum interface_part interface_part_of(const char *type);
