# SPDX-License-Identifier: GPL-3.0-or-later
"""All that `meshsim run` can be given in scenarios/ and topologies/, in a small size each."""

SMALL = ['--agents', '600', '--repeat', '1']
OTHERWISE = {  # arguments instead of SMALL
    'selection-matrix.yaml': ['--only', '1,3', '--repeat', '1'],
    'comparison-matrix.yaml': ['--only', '1', '--repeat', '1', '--set', 'workload.updates=20'],
    'hierarchical.yaml': ['--agents', '20000', '--repeat', '1'],
    'multi-region-leaders.yaml': ['--agents', '3000', '--repeat', '1'],
    'state-aggregation.yaml': ['--repeat', '1'],
    'byzantine.yaml': ['--only', '4,16,70,118,188', '--repeat', '1'],
    'swim-partition.yaml': ['--agents', '100', '--repeat', '1'],
    'swim-leaving.yaml': ['--agents', '120', '--repeat', '1'],
    'swim-loss.yaml': ['--agents', '100', '--repeat', '1'],
    'swim-storm.yaml': ['--agents', '200', '--repeat', '1'],
    'swim-storm-plain.yaml': ['--agents', '200', '--repeat', '1'],
    'eager-links.yaml': ['--only', '1', '--agents', '3000', '--repeat', '1'],
}


def files(root):
    """Lists of other scenarios are left out: what they list is there by itself."""
    return sorted(
        file for folder in ('scenarios', 'topologies') for file in (root / folder).glob('*.yaml')
        if any(line.startswith(('topology:', 'sweep:')) for line in file.read_text().splitlines()))


def arguments_for(file):
    return OTHERWISE.get(file.name, SMALL)
