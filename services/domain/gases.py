"""Gases in a toilet's air: sensors tell parts per million, the standards limit milligrams per cubic metre."""

from services.domain.toilet_class import CLASS_OF

MOLAR_VOLUME_L = 24.45
"""Of any gas at 25 °C and 1 atm; mg/m³ = ppm · molar mass / molar volume."""
NH3_MG_M3_PER_PPM = 17.031 / MOLAR_VOLUME_L
H2S_MG_M3_PER_PPM = 34.081 / MOLAR_VOLUME_L

H2S_LIMIT = "toilet_h2s_mg_m3"
NH3_LIMITS = {spelling: f"toilet_nh3_class_{name}_mg_m3" for spelling, name in CLASS_OF.items()}
"""The limit of ammonia by the toilet's class, however the register spells it."""
