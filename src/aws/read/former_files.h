// Keys in the files of tools before the AWS CLI, which the AWS CLI still reads, and no other SDK: AWS_CREDENTIAL_FILE
// of the EC2 tools, and boto's BOTO_CONFIG, /etc/boto.cfg or ~/.boto. They come behind the profile and before the
// container's and the instance's.
#pragma once

#include "aws/read/credentials.h"

bool former_files_find(const struct aws_config *config, struct credentials *credentials, bool *found,
                       struct error *error);
