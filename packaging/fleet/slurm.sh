#!/bin/sh
# One shard of a plan, as a task of a Slurm array that counts from 0 (docs/fleet.md):
#     sbatch --array=0-7 packaging/fleet/slurm.sh plan.jsonl shards/
# What a task knows is kept every few seconds: one that is killed and queued again goes on from there, and asks nothing
# twice. --requeue has Slurm do so where a node fails; `scontrol requeue JOB_TASK` by hand.
#SBATCH --job-name=sgproof
#SBATCH --ntasks=1
#SBATCH --cpus-per-task=1
#SBATCH --mem=512M
#SBATCH --requeue
#SBATCH --open-mode=append
set -eu
plan=${1:?usage: slurm.sh PLAN FOLDER [options of probe]}
folder=${2:?usage: slurm.sh PLAN FOLDER [options of probe]}
shift 2
mkdir -p -- "$folder"
shard=$folder/shard-$SLURM_ARRAY_TASK_ID
status=0
sgproof probe "$plan" --shard "${SGPROOF_SHARDS:-auto}" --state "$shard.state" -o "$shard.jsonl" "$@" || status=$?
# 3: something is unknown, which the observations say, and merge too: for the scheduler the task is done.
[ "$status" = 3 ] || exit "$status"
