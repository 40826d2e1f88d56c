#include "aws/read/client_lane.h"

#include <string.h>

#include "base/memory.h"

// What EC2 gives an account in a region for calls that change nothing: so many at once, then so many a second.
enum { BUCKET = 100, REFILL = 20, LANE_LIMIT = 8 };

static void on_refilled(uv_timer_t *timer)
{
    struct lane *lane = timer->data;
    lane_make_ready(lane);
    client_start_more(lane->client);
}

// Takes a token, or sets the timer for the moment when there is one.
static bool take_token(struct lane *lane)
{
    uint64_t now = uv_now(lane->client->loop);
    double filled = lane->tokens + (double)(now - lane->filled) * REFILL / 1000;
    lane->tokens = filled > BUCKET ? BUCKET : filled;
    lane->filled = now;
    if (lane->tokens < 1) {
        uv_timer_start(&lane->refill, on_refilled, (uint64_t)((1 - lane->tokens) * 1000 / REFILL) + 1, 0);
        return false;
    }
    lane->tokens -= 1;
    return true;
}

void lane_make_ready(struct lane *lane)
{
    struct client *client = lane->client;
    if (lane->ready || lane->first == NULL || lane->running >= LANE_LIMIT || uv_is_active((uv_handle_t *)&lane->refill))
        return;
    lane->ready = true;
    lane->next_ready = NULL;
    *(client->ready_first == NULL ? &client->ready_first : &client->ready_last->next_ready) = lane;
    client->ready_last = lane;
}

void client_start_more(struct client *client)
{
    if (client->starting)
        return;
    client->starting = true;
    while (client->ready_first != NULL && client->running < client->options.limit) {
        struct lane *lane = client->ready_first;
        struct transfer *transfer = lane->first;
        client->ready_first = lane->next_ready;
        lane->ready = false;
        if (!client->late && !take_token(lane))
            continue;
        lane->first = transfer->next;
        lane->running++;
        client->running++;
        client_begin(transfer);
        lane_make_ready(lane);
    }
    client->starting = false;
}

struct lane *lane_find(struct client *client, const struct request *request)
{
    for (struct lane *lane = client->lanes; lane != NULL; lane = lane->next)
        if (lane->credentials == request->credentials && strcmp(lane->region, request->region) == 0 &&
            strcmp(lane->service, request->service) == 0)
            return lane;
    struct lane *lane = memory_take_zeroed(1, sizeof(*lane));
    *lane = (struct lane){.client = client,
                          .credentials = request->credentials,
                          .region = request->region,
                          .service = request->service,
                          .quota = LANE_QUOTA,
                          .tokens = BUCKET,
                          .filled = uv_now(client->loop),
                          .next = client->lanes};
    uv_timer_init(client->loop, &lane->refill);
    lane->refill.data = lane;
    client->lanes = lane;
    return lane;
}
