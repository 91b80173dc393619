"""The plan of the sample city: drawn once from a seed, kept as files.

Everything is drawn on a flat plan in metres, x to the east and y to the north of the
city's centre, before the ground bends it a little and gives it degrees
(`city_plan.ground`). Run it with `python -m simulators.city_plan FOLDER`.
"""
