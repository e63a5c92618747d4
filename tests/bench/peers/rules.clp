; The sub-guideline as CLIPS rules: facts in one template, definitions first, then the lanes node by
; node. A case is asserted, the rules run, and the outcomes are read.
(deftemplate case
  (slot age_years) (slot sex) (slot pregnancy) (slot trend) (slot virus) (slot lesion_pcr)
  (slot acyclovir_susceptibility) (slot earlier_resistant_isolate) (slot drug) (slot dose_mg)
  (slot doses_per_day) (slot days_on_therapy) (slot adherence) (slot appropriate_therapy_failed)
  (slot breakthrough_on_prophylaxis) (slot prolonged_or_repeated_courses) (slot hiv)
  (slot organ_transplant) (slot stem_cell_transplant) (slot immunosuppressive_medication)
  (slot haematological_malignancy) (slot other_immunodeficiency) (slot unexplained_weight_loss)
  (slot lymphadenopathy) (slot new_exanthem) (slot facial_oedema) (slot skin_detachment)
  (slot serum_creatinine_mg_dl) (slot stable) (slot dialysis) (slot hypersensitivity)
  (slot failed_or_not_tolerated))
(deftemplate outcome (slot lane) (slot node))

(defrule dose_low (declare (salience 20))
  (case (dose_mg ?mg) (doses_per_day ?times)) (test (< (* ?mg ?times) 1000.0))
  => (assert (dose_low)))
(defrule immunocompromised (declare (salience 20))
  (or (case (hiv HIV_POSITIVE)) (case (organ_transplant TRUE)) (case (stem_cell_transplant TRUE))
      (case (immunosuppressive_medication TRUE)) (case (haematological_malignancy TRUE))
      (case (other_immunodeficiency TRUE)))
  => (assert (immunocompromised)))
(defrule another_cause (declare (salience 20))
  (or (case (lesion_pcr PCR_NEGATIVE)) (case (virus OTHER_CAUSE)))
  => (assert (another_cause)))
(defrule adequately_treated (declare (salience 10))
  (case (drug ~NO_ANTIVIRAL) (adherence GOOD) (days_on_therapy ?days&:(>= ?days 7)))
  (not (dose_low))
  => (assert (grounds)))
(defrule other_grounds (declare (salience 10))
  (or (case (appropriate_therapy_failed TRUE))
      (and (case (prolonged_or_repeated_courses TRUE)) (immunocompromised))
      (case (breakthrough_on_prophylaxis TRUE) (stem_cell_transplant TRUE))
      (case (earlier_resistant_isolate TRUE)))
  => (assert (grounds)))

(defrule no_antiviral
  (case (drug NO_ANTIVIRAL))
  => (assert (outcome (lane therapy) (node no_antiviral))))
(defrule correct_dose
  (case (drug ~NO_ANTIVIRAL)) (dose_low)
  => (assert (outcome (lane therapy) (node correct_dose))))
(defrule restore_adherence
  (case (drug ~NO_ANTIVIRAL) (adherence PARTIAL | POOR)) (not (dose_low))
  => (assert (outcome (lane therapy) (node restore_adherence))))
(defrule therapy_in_order
  (case (drug ~NO_ANTIVIRAL) (adherence GOOD)) (not (dose_low))
  => (assert (outcome (lane therapy) (node therapy_in_order))))

(defrule test_hiv
  (case (hiv HIV_NOT_TESTED))
  => (assert (outcome (lane immune) (node test_hiv))))
(defrule awaiting_hiv
  (case (hiv HIV_PENDING))
  => (assert (outcome (lane immune) (node awaiting_hiv))))
(defrule investigate_immunodeficiency
  (or (case (hiv HIV_NEGATIVE | HIV_POSITIVE) (unexplained_weight_loss TRUE))
      (case (hiv HIV_NEGATIVE | HIV_POSITIVE) (lymphadenopathy TRUE)))
  => (assert (outcome (lane immune) (node investigate_immunodeficiency))))
(defrule host_immunocompromised
  (case (hiv HIV_NEGATIVE | HIV_POSITIVE) (unexplained_weight_loss FALSE) (lymphadenopathy FALSE))
  (immunocompromised)
  => (assert (outcome (lane immune) (node host_immunocompromised))))
(defrule host_not_reported
  (case (hiv HIV_NEGATIVE | HIV_POSITIVE) (unexplained_weight_loss FALSE) (lymphadenopathy FALSE))
  (not (immunocompromised))
  => (assert (outcome (lane immune) (node host_not_reported))))

(defrule continue_and_review
  (case (trend IMPROVING))
  => (assert (outcome (lane resistance) (node continue_and_review))))
(defrule resistance_confirmed
  (case (trend ~IMPROVING) (acyclovir_susceptibility SUSCEPTIBILITY_RESISTANT))
  => (assert (outcome (lane resistance) (node resistance_confirmed))) (assert (resistance)))
(defrule resistance_excluded
  (case (trend ~IMPROVING) (acyclovir_susceptibility SUSCEPTIBILITY_SUSCEPTIBLE))
  => (assert (outcome (lane resistance) (node resistance_excluded))))
(defrule susceptibility_open
  (case (trend ~IMPROVING)
        (acyclovir_susceptibility SUSCEPTIBILITY_NOT_TESTED | SUSCEPTIBILITY_PENDING))
  => (assert (susceptibility_open)))
(defrule reconsider_diagnosis
  (susceptibility_open) (another_cause)
  => (assert (outcome (lane resistance) (node reconsider_diagnosis))))
(defrule resistance_suspected
  (susceptibility_open) (not (another_cause)) (grounds)
  => (assert (outcome (lane resistance) (node resistance_suspected))) (assert (resistance)))
(defrule possible_question
  (susceptibility_open) (not (another_cause)) (not (grounds))
  => (assert (possible_question)))
(defrule resistance_possible
  (possible_question)
  (or (case (prolonged_or_repeated_courses TRUE))
      (case (prolonged_or_repeated_courses FALSE) (adherence GOOD)
            (days_on_therapy ?days&:(>= ?days 4))))
  => (assert (outcome (lane resistance) (node resistance_possible))))
(defrule resistance_not_suspected
  (possible_question)
  (case (prolonged_or_repeated_courses FALSE) (adherence ?adherence) (days_on_therapy ?days))
  (test (or (neq ?adherence GOOD) (< ?days 4)))
  => (assert (outcome (lane resistance) (node resistance_not_suspected))))

(defrule foscarnet_not_needed (declare (salience -10))
  (not (resistance))
  => (assert (outcome (lane foscarnet) (node foscarnet_not_needed))))
(defrule foscarnet_barred
  (resistance)
  (or (case (new_exanthem TRUE)) (case (facial_oedema TRUE)) (case (skin_detachment TRUE))
      (case (hypersensitivity TRUE)) (case (failed_or_not_tolerated TRUE)))
  => (assert (outcome (lane foscarnet) (node foscarnet_barred))))
(defrule clearance_question
  (resistance)
  (case (new_exanthem FALSE) (facial_oedema FALSE) (skin_detachment FALSE)
        (hypersensitivity FALSE) (failed_or_not_tolerated FALSE))
  => (assert (clearance_question)))
(defrule row_question
  (clearance_question)
  (case (age_years ?age&:(>= ?age 18)) (pregnancy NOT_PREGNANT) (dialysis NO_DIALYSIS)
        (stable TRUE) (sex ?sex) (serum_creatinine_mg_dl ?creatinine))
  => (assert (clearance (* (/ (- 140.0 ?age) (* 72.0 ?creatinine))
                           (if (eq ?sex FEMALE) then 0.85 else 1.0)))))
(defrule settle_renal_function
  (clearance_question)
  (or (case (age_years ?age&:(< ?age 18))) (case (pregnancy ~NOT_PREGNANT))
      (case (dialysis ~NO_DIALYSIS)) (case (stable FALSE)))
  => (assert (outcome (lane foscarnet) (node settle_renal_function))))
(defrule foscarnet_full
  (clearance ?clearance&:(> ?clearance 1.4))
  => (assert (outcome (lane foscarnet) (node foscarnet_full))))
(defrule foscarnet_reduced
  (clearance ?clearance&:(and (>= ?clearance 0.4) (<= ?clearance 1.4)))
  => (assert (outcome (lane foscarnet) (node foscarnet_reduced))))
(defrule foscarnet_not_recommended
  (clearance ?clearance&:(< ?clearance 0.4))
  => (assert (outcome (lane foscarnet) (node foscarnet_not_recommended))))
