// What facts of the account share. For the files of rules/controls only.
#pragma once

#include "rules/controls/facts.h"

typedef void (*account_answer)(struct inquiry *inquiry, const struct account *account);

// Asks it of each account; missing where no document tells of any.
void account_each(struct inquiry *inquiry, account_answer each);

// Makes a function `each_NAME` that asks NAME of each account.
#define ACCOUNT_FACT(name)                                                                                             \
    static void each_##name(struct inquiry *inquiry)                                                                   \
    {                                                                                                                  \
        account_each(inquiry, name);                                                                                   \
    }

// That a document is missing; and the same where it is not `there`, or its kind is not whole.
void account_lacks(struct inquiry *inquiry, const struct account *account, const char *document);
void account_needs(struct inquiry *inquiry, const struct account *account, bool there, enum kind kind,
                   const char *document);

// A number of get-account-summary, or NULL, and where the snapshot tells of it.
const long *account_summary(const struct account *account, const char *key);
// That such a number is not there, or is told otherwise by two documents.
void account_lacks_figure(struct inquiry *inquiry, const struct account *account, const char *key);
const char *account_reference(struct inquiry *inquiry, const struct account *account, const char *key);

// The details of all users and roles; the credentials of root and of each user. What is not there is answered as
// missing.
void account_needs_users(struct inquiry *inquiry, const struct account *account);
void account_needs_credentials(struct inquiry *inquiry, const struct account *account);
// That the credential report is not an old one, and no other says otherwise.
void account_needs_fresh_report(struct inquiry *inquiry, const struct account *account);

bool account_is_root(const struct iam_credentials *of);

// Whole days from an RFC 3339 moment to a day; -1 where there is none.
long account_days_since(const char *moment, const char *today);
