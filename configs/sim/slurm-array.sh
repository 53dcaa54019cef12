#!/bin/sh
# A sweep as a Slurm array: eight parts, each a result folder in the directory from which it was submitted.
#   sbatch slurm-array.sh scenario.toml && murmur sim merge --out all part-*     (merge once all are done)
# murmur reads SLURM_ARRAY_TASK_ID, _MIN and _COUNT itself. A task that is requeued goes on where it was.
#SBATCH --job-name=murmur-sim
#SBATCH --array=0-7
#SBATCH --cpus-per-task=2
#SBATCH --mem=4G
#SBATCH --requeue
exec murmur sim sweep --workers "$SLURM_CPUS_PER_TASK" --out "part-$SLURM_ARRAY_TASK_ID" "$1"
