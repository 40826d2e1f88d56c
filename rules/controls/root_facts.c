// Facts of the root user. https://docs.aws.amazon.com/IAM/latest/UserGuide/root-user-best-practices.html
#include "rules/controls/account_facts.h"

static const char *root_of(struct inquiry *inquiry, const struct account *account)
{
    return arena_printf(inquiry->arena, "root user of %s", account->id);
}

// The root user's row of the credential report, or NULL.
static const struct iam_credentials *root_row(const struct account *account)
{
    for (size_t i = 0; i < account->credentials.count; i++)
        if (account_is_root(&account->credentials.items[i]))
            return &account->credentials.items[i];
    return NULL;
}

static bool is(const struct account *account, const char *key, long value)
{
    const long *told = account_summary(account, key);
    return told != NULL && *told == value;
}

static bool is_some(const struct account *account, const char *key)
{
    const long *told = account_summary(account, key);
    return told != NULL && *told != 0;
}

// A member account whose root user has neither password nor key: nothing can sign in as it, and no MFA be set.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_root-user.html#id_root-user-access-management
static bool has_no_credentials(const struct account *account)
{
    const struct iam_credentials *row = root_row(account);
    bool key = row != NULL && (row->keys[0].active == TOLD_YES || row->keys[1].active == TOLD_YES || row->certificate ||
                               row->password_enabled == TOLD_YES);
    return is(account, "AccountPasswordPresent", 0) && is(account, "AccountAccessKeysPresent", 0) &&
           !is_some(account, "AccountSigningCertificatesPresent") && is(account, "AccountMFAEnabled", 0) && !key;
}

static bool answer_no_credentials(struct inquiry *inquiry, const struct account *account)
{
    if (!has_no_credentials(account))
        return false;
    answer(inquiry, CONTROL_NOT_APPLICABLE, root_of(inquiry, account),
           account_reference(inquiry, account, "AccountPasswordPresent"),
           "has no credentials: no password, key or MFA, as centralized root access leaves a member account");
    return true;
}

// Whether it is not known if root has credentials, since two documents tell it otherwise; that is answered.
static bool lacks_credentials_figure(struct inquiry *inquiry, const struct account *account)
{
    static const char *const keys[] = {"AccountPasswordPresent", "AccountAccessKeysPresent",
                                       "AccountSigningCertificatesPresent"};
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]) && is(account, "AccountMFAEnabled", 0); i++)
        if (map_get(&account->summary_doubts, keys[i]) != NULL) {
            account_lacks_figure(inquiry, account, keys[i]);
            return true;
        }
    return false;
}

static void root_mfa(struct inquiry *inquiry, const struct account *account)
{
    const long *enabled = account_summary(account, "AccountMFAEnabled");
    bool hardware = strcmp(fact_text(inquiry, "hardware", "false"), "true") == 0;
    if (enabled == NULL) {
        account_lacks_figure(inquiry, account, "AccountMFAEnabled");
        return;
    }
    const char *reference = account_reference(inquiry, account, "AccountMFAEnabled");
    const struct iam_credentials *row = root_row(account);
    const char *kind = !account->has_virtual_devices      ? "of a kind that the snapshot does not tell"
                       : account->root_has_virtual_device ? "a virtual device"
                                                          : "a hardware device or passkey";
    if (answer_no_credentials(inquiry, account))
        return;
    if (lacks_credentials_figure(inquiry, account))
        return;
    if (account->credentials_doubt != NULL)
        answer_missing(inquiry, "%s", account->credentials_doubt);
    if (*enabled == 0)
        answer(inquiry, CONTROL_FAIL, root_of(inquiry, account), reference, "MFA is off");
    else if (row != NULL && row->mfa_active == TOLD_NO)
        answer(inquiry, CONTROL_FAIL, root_of(inquiry, account), row->evidence,
               "MFA is off by the credential report, and on by get-account-summary");
    else if (account->root_has_virtual_device && hardware)
        answer(inquiry, CONTROL_FAIL, root_of(inquiry, account), account->virtual_devices_evidence,
               "MFA is on with a virtual device, a hardware device is asked for");
    else if (hardware && !account->has_virtual_devices)
        account_lacks(inquiry, account, "list-virtual-mfa-devices");
    else {
        if (hardware) // no device of root may stand on a page that is not there
            account_needs(inquiry, account, true, KIND_VIRTUAL_DEVICES, "list-virtual-mfa-devices");
        answer(inquiry, CONTROL_PASS, root_of(inquiry, account), reference, "MFA is on: %s", kind);
    }
}

static void root_access_keys(struct inquiry *inquiry, const struct account *account)
{
    const long *present = account_summary(account, "AccountAccessKeysPresent");
    const struct iam_credentials *row = root_row(account);
    const char *subject = root_of(inquiry, account);
    bool active = row != NULL && (row->keys[0].active == TOLD_YES || row->keys[1].active == TOLD_YES);
    bool certificate = (row != NULL && row->certificate) || is_some(account, "AccountSigningCertificatesPresent");
    if (account->credentials_doubt != NULL && !active)
        answer_missing(inquiry, "%s", account->credentials_doubt);
    if (present == NULL && !active)
        account_lacks_figure(inquiry, account, "AccountAccessKeysPresent");
    else if (map_get(&account->summary_doubts, "AccountSigningCertificatesPresent") != NULL && !active && *present == 0)
        account_lacks_figure(inquiry, account, "AccountSigningCertificatesPresent");
    else if (active || *present != 0)
        answer(inquiry, CONTROL_FAIL, subject,
               active ? row->evidence : account_reference(inquiry, account, "AccountAccessKeysPresent"),
               "has an access key%s", active ? ", which is active" : "");
    else if (certificate)
        answer(inquiry, CONTROL_FAIL, subject,
               row != NULL && row->certificate ? row->evidence : account->summary_evidence,
               "has no access key, and an active X.509 signing certificate");
    else
        answer(inquiry, CONTROL_PASS, subject, account_reference(inquiry, account, "AccountAccessKeysPresent"),
               "has no access key");
}

// By password or key, within so many days before the credential report was made.
static void root_not_used(struct inquiry *inquiry, const struct account *account)
{
    const struct iam_credentials *row = root_row(account);
    long most_days = fact_number(inquiry, "days", 90), least = -1;
    const char *day = account->report_made != NULL ? account->report_made : inquiry->input->today, *last = NULL;
    if (row == NULL) {
        account_lacks(inquiry, account, "get-credential-report of the root user");
        return;
    }
    account_needs_fresh_report(inquiry, account);
    if (!row->use_told) {
        if (!answer_no_credentials(inquiry, account))
            account_lacks(inquiry, account, "the columns of last use in get-credential-report");
        return;
    }
    const char *moments[] = {row->password_last_used, row->keys[0].last_used, row->keys[1].last_used};
    for (size_t i = 0; i < sizeof(moments) / sizeof(moments[0]); i++) {
        long days = account_days_since(moments[i], day);
        if (moments[i] != NULL && (last == NULL || days < least)) {
            last = moments[i];
            least = days;
        }
    }
    bool recent = last != NULL && least <= most_days; // it may have lost its credentials since
    if (!recent && answer_no_credentials(inquiry, account))
        return;
    if (last == NULL)
        answer(inquiry, CONTROL_PASS, root_of(inquiry, account), row->evidence, "was never used, as far as AWS tells");
    else if (least < 0)
        answer(inquiry, CONTROL_FAIL, root_of(inquiry, account), row->evidence,
               "was last used on %.10s, after %.10s, the day of the report", last, day);
    else
        answer(inquiry, !recent ? CONTROL_PASS : CONTROL_FAIL, root_of(inquiry, account), row->evidence,
               "was last used on %.10s, %ld days before %.10s", last, least, day);
}

ACCOUNT_FACT(root_mfa)
ACCOUNT_FACT(root_access_keys)
ACCOUNT_FACT(root_not_used)

const struct fact root_facts[] = {
    {"root-mfa", true, (const char *const[]){"hardware=flag", NULL}, each_root_mfa},
    {"root-has-no-access-keys", true, (const char *const[]){NULL}, each_root_access_keys},
    {"root-not-used", true, (const char *const[]){"days=count", NULL}, each_root_not_used},
    {NULL, false, NULL, NULL},
};
