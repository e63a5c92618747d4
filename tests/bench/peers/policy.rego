package rash

import rego.v1

default dose_low := false

dose_low if (input.dose_mg * input.doses_per_day) < 1000

default immunocompromised := false

immunocompromised if input.hiv == "HIV_POSITIVE"

immunocompromised if input.organ_transplant

immunocompromised if input.stem_cell_transplant

immunocompromised if input.immunosuppressive_medication

immunocompromised if input.haematological_malignancy

immunocompromised if input.other_immunodeficiency

default grounds := false

grounds if {
	input.drug != "NO_ANTIVIRAL"
	not dose_low
	input.adherence == "GOOD"
	input.days_on_therapy >= 7
}

grounds if input.appropriate_therapy_failed

grounds if {
	input.prolonged_or_repeated_courses
	immunocompromised
}

grounds if {
	input.breakthrough_on_prophylaxis
	input.stem_cell_transplant
}

grounds if input.earlier_resistant_isolate

default another_cause := false

another_cause if input.lesion_pcr == "PCR_NEGATIVE"

another_cause if input.virus == "OTHER_CAUSE"

default immune_signs := false

immune_signs if input.unexplained_weight_loss

immune_signs if input.lymphadenopathy

default possible := false

possible if input.prolonged_or_repeated_courses

possible if {
	input.days_on_therapy >= 4
	input.adherence == "GOOD"
}

default barred := false

barred if input.new_exanthem

barred if input.facial_oedema

barred if input.skin_detachment

barred if input.hypersensitivity

barred if input.failed_or_not_tolerated

default computable := false

computable if {
	input.age_years >= 18
	input.pregnancy == "NOT_PREGNANT"
	input.dialysis == "NO_DIALYSIS"
	input.stable
}

sex_factor := 0.85 if input.sex == "FEMALE"

sex_factor := 1 if input.sex != "FEMALE"

clearance := ((140 - input.age_years) / (72 * input.serum_creatinine_mg_dl)) * sex_factor

therapy := "no_antiviral" if {
	input.drug == "NO_ANTIVIRAL"
} else := "correct_dose" if {
	dose_low
} else := "restore_adherence" if {
	input.adherence in {"PARTIAL", "POOR"}
} else := "therapy_in_order"

immune := "test_hiv" if {
	input.hiv == "HIV_NOT_TESTED"
} else := "awaiting_hiv" if {
	input.hiv == "HIV_PENDING"
} else := "investigate_immunodeficiency" if {
	immune_signs
} else := "host_immunocompromised" if {
	immunocompromised
} else := "host_not_reported"

resistance := "continue_and_review" if {
	input.trend == "IMPROVING"
} else := "resistance_confirmed" if {
	input.acyclovir_susceptibility == "SUSCEPTIBILITY_RESISTANT"
} else := "resistance_excluded" if {
	input.acyclovir_susceptibility == "SUSCEPTIBILITY_SUSCEPTIBLE"
} else := "reconsider_diagnosis" if {
	another_cause
} else := "resistance_suspected" if {
	grounds
} else := "resistance_possible" if {
	possible
} else := "resistance_not_suspected"

foscarnet := "foscarnet_not_needed" if {
	not resistance in {"resistance_confirmed", "resistance_suspected"}
} else := "foscarnet_barred" if {
	barred
} else := "settle_renal_function" if {
	not computable
} else := "foscarnet_full" if {
	clearance > 1.4
} else := "foscarnet_reduced" if {
	clearance >= 0.4
} else := "foscarnet_not_recommended"

outcome := [therapy, immune, resistance, foscarnet]
